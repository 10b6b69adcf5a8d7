#!/usr/bin/env bash
# Runs the Python client against the real binary: on free ports, with a data directory of its own, and takes all of it away again.
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

read -r grpc_port metrics_port < <(python3 - <<'PY'
import socket
both = [socket.socket() for _ in range(2)]
for it in both:
    it.bind(("127.0.0.1", 0))
print(*(it.getsockname()[1] for it in both))
PY
)
"$binary" serve --data-dir "$work/data" --grpc-addr "127.0.0.1:$grpc_port" \
  --metrics-addr "127.0.0.1:$metrics_port" >"$work/serve.log" 2>&1 &
server=$!
if ! "$work/venv/bin/python" "$here/client.py" --addr "127.0.0.1:$grpc_port" --wait 30; then
  echo "--- what the service said:" >&2
  cat "$work/serve.log" >&2
  exit 1
fi
