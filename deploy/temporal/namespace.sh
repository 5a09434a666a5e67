#!/bin/sh
# Makes the namespaces that are named, as soon as the server answers. Those that there are keep their settings.
#   namespace.sh NAMESPACE…
set -eu
until temporal operator cluster health; do sleep 2; done
for namespace in "$@"; do
  temporal operator namespace describe --namespace "$namespace" ||
    temporal operator namespace create --namespace "$namespace" --retention "${RETENTION:-30d}"
done
