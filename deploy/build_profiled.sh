#!/usr/bin/env bash
# Builds a release that is compiled with a profile of its own load: which branches are taken, which calls are hot. The compiler then lays the
# code out for them. The rules, the data and the answers are those of `cargo build --release`; only how fast it is differs (docs/performance.md).
#
#   deploy/build_profiled.sh [DIRECTORY]      # by default target/profiled; about 13 minutes on two cores
#
# Needs the profile tools of the toolchain: rustup component add llvm-tools
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p "${1:-target/profiled}"
directory=$(realpath "${1:-target/profiled}")
host=$(rustc -vV | sed -n 's/^host: //p')
profdata=$(rustc --print sysroot)/lib/rustlib/$host/bin/llvm-profdata
[[ -x $profdata ]] || { echo "there is no llvm-profdata: rustup component add llvm-tools" >&2; exit 1; }

# With a target named, the flags are for the program and its crates, and not for what only builds them.
build() {
  RUSTFLAGS=$1 cargo build --release --locked --bin omniroute --target "$host" --target-dir "$directory"
}
binary=$directory/$host/release/omniroute
work=$(mktemp -d)
server=
finish() {
  [[ -z $server ]] || { kill "$server" && wait "$server"; } 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

build "-Cprofile-generate=$work/profiles"

addr=127.0.0.1:50961 metrics=127.0.0.1:19474
"$binary" serve --no-sample --data-dir "$work/data" --grpc-addr "$addr" --metrics-addr "$metrics" >"$work/serve.log" 2>&1 &
server=$!
until "$binary" health --addr "$addr" >/dev/null 2>&1; do
  kill -0 "$server" 2>/dev/null || { cat "$work/serve.log" >&2; exit 1; }
  sleep 0.1
done
# What is compiled for it: each door, many callers and few, agents of whom no two are alike and agents of a kind, races and transfers.
load() {
  echo "==> load $*"
  "$binary" load --addr "$addr" --metrics-url "http://$metrics/metrics" --duration 6 --warm-up 1 --json "$@" >/dev/null
}
load --org alike --agents 10000 --cohorts 200 --clients 64,2048
load --org unlike --agents 10000 --cohorts 10000 --clients 512
load --org channel --agents 10000 --cohorts 10000 --clients 8,2048 --auto-accept
load --org unary --agents 10000 --cohorts 10000 --clients 8,64,256 --door unary --session-door pipeline
load --org streams --agents 2000 --cohorts 2000 --clients 64 --door unary --auto-accept
load --org race --agents 64 --busy-share 0 --clients 1 --workload race --race-agents 64 --acceptors 64
load --org mix --agents 2000 --cohorts 200 --clients 64 --workload mix
# It writes its profile when it ends.
kill "$server"
wait "$server"
server=

"$profdata" merge -o "$work/load.profdata" "$work/profiles"
build "-Cprofile-use=$work/load.profdata"
echo "$binary"
