#!/bin/sh
# Makes Temporal's two databases, and brings their tables up to its version. Run before each start: what is there stays.
set -eu
tables() { # database, whose tables
  temporal-sql-tool --db "$1" create-database
  temporal-sql-tool --db "$1" setup-schema --version 0.0
  temporal-sql-tool --db "$1" update-schema --schema-name "postgresql/v12/$2"
}
tables temporal temporal
tables temporal_visibility visibility
