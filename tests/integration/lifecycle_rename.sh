#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# rename: running or not, against a create of the same name at the same time, and killed at any moment.
# shellcheck disable=SC2034,SC2154  # variables of checks that eval runs
. "${0%/*}/lib.sh"
image busybox
cd "$T" || exit 1

skiff create --name made busybox true >/dev/null
id=$(skiff inspect -f '{{.Id}}' made)
is "it prints nothing" '' skiff rename made made2
is "the new name is the container" "/made2 $id" skiff inspect -f '{{.Name}} {{.Id}}' made2
fails "the old name is nobody" 1 'No such container: made$' skiff start made
is "… and can be taken" made eval 'skiff create --name made busybox true >/dev/null; skiff inspect -f "{{slice .Name 1}}" made'
fails "a name that is taken" 125 "^Error: Error when allocating new name: Conflict. The container name \"/made2\" is already in use by container \"$id\"" skiff rename made made2
fails "its own name" 125 'Renaming a container with the same name as its current name' skiff rename made made
fails "no such container" 1 'No such container: nosuch' skiff rename nosuch other
fails "a bad name" 125 'Invalid container name \(bad/name\)' skiff rename made bad/name
fails "one argument" 1 "'skiff rename' requires 2 arguments" skiff rename made
is "by the start of its id, and with Docker's slash" three eval 'skiff rename "${id:0:10}" /three; skiff ps -a --filter id="$id" --format "{{.Names}}"'
skiff run -d --name runs busybox sh -c 'trap "exit 0" TERM; while :; do sleep 0.05; done' >/dev/null
is "a running one: found, stopped, removed by the new name" 'ran ran' eval 'skiff rename runs ran; echo $(skiff stop ran) $(skiff rm ran)'
skiff run -d --rm --name runs busybox sh -c 'trap "exit 0" TERM; while :; do sleep 0.05; done' >/dev/null
is "a running one with --rm: both names are free at its end" '0 0' eval 'skiff rename runs ran; skiff stop ran >/dev/null; for n in runs ran; do skiff run --rm --name $n busybox true; echo $?; done | xargs'

# Of those who want one name at once, one gets it; and no container is without a name.
race() {
    local n pids=()
    skiff create --name mover busybox true >/dev/null
    for n in 1 2 3 4; do "$SKIFF" create --name wanted busybox true >/dev/null 2>&1 & pids+=($!); done
    "$SKIFF" rename mover wanted >/dev/null 2>&1 & pids+=($!)
    wait "${pids[@]}"
    skiff ps -a --format '{{.Names}}' | grep -cx wanted
    skiff inspect wanted >/dev/null && skiff rm -f wanted mover >/dev/null 2>&1
}
is "a rename and four creates of one name: one has it" '1 1 1 1 1' eval 'echo $(for _ in 1 2 3 4 5; do race; done)'

skiff create --name aa busybox true >/dev/null
id=$(skiff inspect -f '{{.Id}}' aa)
for delay in 0 0.001 0.002 0.003 0.004 0.006 0.008 0.01; do
    "$SKIFF" rename "$id" bb >/dev/null 2>&1 & command=$!
    sleep $delay
    kill -KILL $command 2>/dev/null
    wait $command 2>/dev/null
    now=$(skiff inspect -f '{{slice .Name 1}}' "$id")
    other=$([ "$now" = aa ] && echo bb || echo aa)
    is "kill -9 of rename after $delay s: it has one name, the other is free" "$id" eval 'skiff run --rm --name $other busybox true && skiff inspect -f "{{.Id}}" $now'
    [ "$now" = aa ] || skiff rename bb aa
done
# What is left by a kill between the two steps, made by hand.
ln -s "$id" "$SKIFF_ROOT/names/ghost"
fails "a link that the record does not agree with names nobody" 1 'No such container: ghost' skiff rm ghost
is "the next ps removes it" '' eval 'skiff ps >/dev/null; find "$SKIFF_ROOT/names" -name ghost'
ln -s "$id" "$SKIFF_ROOT/names/ghost"
is "or a create takes the name" ghost eval 'skiff run --rm --name ghost busybox echo ghost'
skiff rm aa made three >/dev/null
is "no link is left" '' eval 'find "$SKIFF_ROOT/names" -type l'
finish
