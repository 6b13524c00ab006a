#!/bin/sh
# Start nginx, and tell it when servers behind it come or go, or the certificate is renewed.
set -eu
conf=/tmp/nginx
mkdir -p "$conf"

servers() {  # the containers of a service, as nginx names them, in an order that stays
  found=$(getent ahostsv4 "$1" | awk -v port="$2" '{print "  server " $1 ":" port ";"}' | sort -u)
  echo "${found:-  server 127.0.0.1:9;}"
}

behind() {
  printf 'upstream dashboard {\n  hash $uid_got$uid_set consistent;\n%s\n}\n' "$(servers dashboard 8866)"
  printf 'upstream api {\n  least_conn;\n  keepalive 16;\n%s\n}\n' "$(servers api 8000)"
  if [ -s /certificates/fullchain.pem ] && [ -s /certificates/privkey.pem ]; then
    echo "# $(cksum /certificates/fullchain.pem)"
    echo "server { listen 8080; return 308 https://\$host:${DIGITS_HTTPS_PORT##*:}\$request_uri; }"
    echo 'server { listen 8443 ssl; include /proxy/tls.conf; include /proxy/both.conf; }'
  else
    echo 'server { listen 8080; include /proxy/both.conf; }'
  fi
}

behind > "$conf/behind.conf"
nginx -e stderr -c /proxy/nginx.conf -g 'daemon off;' &
nginx=$!
trap 'kill -QUIT $nginx' TERM INT
while kill -0 $nginx 2>/dev/null; do
  sleep 2 & wait $! || true
  behind > "$conf/now.conf"
  if ! cmp -s "$conf/now.conf" "$conf/behind.conf"; then
    mv "$conf/now.conf" "$conf/behind.conf"
    nginx -e stderr -c /proxy/nginx.conf -s reload || true
  fi
done
wait $nginx
