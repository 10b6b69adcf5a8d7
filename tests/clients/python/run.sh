#!/usr/bin/env bash
# Runs the Python client against the real binary, without and with TLS and a token: on free ports, with data directories of its own, and
# takes all of it away again.
#
#   OMNIROUTE_BIN=target/release/omniroute tests/clients/python/run.sh
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
binary=${OMNIROUTE_BIN:-${CARGO_TARGET_DIR:-$root/target}/release/omniroute}
if [[ ! -x $binary ]]; then
  echo "no binary at $binary: cargo build --release, or set OMNIROUTE_BIN" >&2
  exit 1
fi

work=$(mktemp -d)
server=
finish() {
  if [[ -n $server ]]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap finish EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"

# Serves on free ports with these arguments, and plays the story against it with those that the function `client` adds.
play() {
  read -r grpc_port metrics_port < <(python3 - <<'PY'
import socket
both = [socket.socket() for _ in range(2)]
for it in both:
    it.bind(("127.0.0.1", 0))
print(*(it.getsockname()[1] for it in both))
PY
  )
  "$binary" serve --data-dir "$work/data-$grpc_port" --grpc-addr "127.0.0.1:$grpc_port" \
    --metrics-addr "127.0.0.1:$metrics_port" "$@" >"$work/serve.log" 2>&1 &
  server=$!
  if ! "$work/venv/bin/python" "$here/client.py" --addr "localhost:$grpc_port" --wait 30 "${client[@]}"; then
    echo "--- what the service said:" >&2
    cat "$work/serve.log" >&2
    exit 1
  fi
  kill "$server" && wait "$server" || true
  server=
}

client=()
play

# The same with TLS and a token, set up as docs/security.md says.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE \
  -keyout "$work/server.key" -out "$work/server.pem" 2>/dev/null
openssl genpkey -algorithm ed25519 -out "$work/sign.pem"
"$binary" token --key "$work/sign.pem" --jwks >"$work/jwks.json"
OMNIROUTE_TOKEN=$("$binary" token --key "$work/sign.pem" --org python-tls)
export OMNIROUTE_TOKEN
client=(--ca "$work/server.pem" --org python-tls)
play --tls-cert "$work/server.pem" --tls-key "$work/server.key" --jwks "$work/jwks.json"
