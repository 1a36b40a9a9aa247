#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Random kills of whatever keeps containers alive, with a look at everything after each.
. "${0%/*}/lib.sh"
image busybox
LIMIT=${SKIFF_CHAOS_LIMIT:-200}
rounds=${SKIFF_CHAOS_ROUNDS:-100}
seed=${SKIFF_CHAOS_SEED:-$((RANDOM * 32768 + RANDOM))}
skiff run --rm busybox true   # the folders of the store are there

has "$rounds random kills leave a store that tells the truth and nothing else" "^$rounds rounds" python3 "${0%/*}/chaos.py" "$rounds" "$seed"

# Sixty-four at once: all succeed, nothing is left.
together() {
    local pids=() pid failed=0
    for _ in $(seq 64); do "$SKIFF" run --rm busybox true & pids+=($!); done
    for pid in "${pids[@]}"; do wait "$pid" || failed=$((failed + 1)); done
    echo "$failed failed, $(skiff ps -aq | wc -l) left"
}
is "64 of run --rm at once" "0 failed, 0 left" together

finish
