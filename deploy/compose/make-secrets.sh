#!/bin/sh
# Draw the passwords of compose.yaml, 256 random bits each, into ./secrets. Existing ones are kept: the database was
# made with them.
set -eu
cd "$(dirname "$0")"

if [ -e secrets ]; then
    echo "secrets is there already and stays as it is; to begin anew, remove it and the volumes" >&2
    exit 1
fi

# The folder keeps other accounts of this machine out. The files in it can be read by everyone who gets that far,
# because each container has an account of its own, and compose mounts files with the modes that they have here.
umask 077
mkdir secrets.unfinished
draw() { head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }

postgres=$(draw)
valkey=$(draw)
printf '%s\n' "$postgres" > secrets.unfinished/postgres_password
printf 'postgresql://dragoman:%s@postgres:5432/dragoman\n' "$postgres" > secrets.unfinished/database_url
printf 'requirepass %s\n' "$valkey" > secrets.unfinished/valkey_auth
printf 'redis://:%s@valkey:6379/0\n' "$valkey" > secrets.unfinished/shared_url
chmod 444 secrets.unfinished/*
mv secrets.unfinished secrets
echo "made secrets: database_url, postgres_password, shared_url, valkey_auth"
