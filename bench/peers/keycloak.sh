#!/bin/sh
# Keycloak's distribution from Maven Central, unpacked beside this file and built for PostgreSQL.
set -eu
version=26.7.3
digest=77657f30b7e90d70f727712ce1c967f430fd6a5e9f458d32d8c6df0635345f47

cd "$(dirname "$0")"
rm -rf keycloak keycloak.tar.gz
mvn --quiet --batch-mode --strict-checksums org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
    "-Dartifact=org.keycloak:keycloak-quarkus-dist:$version:tar.gz" -DoutputDirectory=. -Dmdep.stripVersion=true
mv keycloak-quarkus-dist.tar.gz keycloak.tar.gz
echo "$digest  keycloak.tar.gz" | sha256sum --check --quiet
mkdir keycloak
tar -xzf keycloak.tar.gz -C keycloak --strip-components=1
rm keycloak.tar.gz
keycloak/bin/kc.sh build --db=postgres
touch keycloak/.installed
