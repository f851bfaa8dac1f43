#!/bin/sh
# A certificate authority and one certificate for localhost and id.localhost, good for a year.
set -eu
cd /certificates
[ ! -s server.crt ] || exit 0
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 \
    -subj '/CN=Crisis Hub local authority' -keyout ca.key -out ca.crt \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=localhost' -keyout server.key -out server.csr
printf 'subjectAltName=DNS:localhost,DNS:id.localhost\nextendedKeyUsage=serverAuth\n' >server.ext
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 -extfile server.ext -out server.crt
# The authority signs once and is not kept; readers of the volume run as other users.
rm -f ca.key ca.srl server.csr server.ext
chmod 644 ca.crt server.crt server.key
