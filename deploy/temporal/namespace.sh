#!/bin/sh
# Makes the namespaces that are named, with Caisson's search attributes, as soon as the server answers. Those that there are
# keep their settings.
#   namespace.sh NAMESPACE…
set -eu
until temporal operator cluster health; do sleep 2; done
for namespace in "$@"; do
  temporal operator namespace describe --namespace "$namespace" ||
    temporal operator namespace create --namespace "$namespace" --retention "${RETENTION:-30d}"
  # One that was just made knows nothing for some seconds.
  until temporal operator search-attribute create --namespace "$namespace" --name Deployment --type Keyword \
    --name Blueprint --type Keyword --name Workflow --type Keyword; do sleep 2; done
done
