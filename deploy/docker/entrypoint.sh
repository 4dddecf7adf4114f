#!/bin/sh
# Secrets as files: KARLA_SECRET_KEY_FILE=/run/secrets/key sets KARLA_SECRET_KEY to what that file holds. So with every
# KARLA_…_FILE, and with PGPASSWORD_FILE, which keeps the password out of KARLA_DATABASE_URL.
set -eu
for name in $(env | sed -n -e 's/^\(KARLA_[A-Z_]*\)_FILE=.*/\1/p' -e 's/^\(PGPASSWORD\)_FILE=.*/\1/p'); do
    eval "file=\$${name}_FILE"
    value=$(cat "$file")
    export "$name=$value"
    unset "${name}_FILE"
done
exec karla "$@"
