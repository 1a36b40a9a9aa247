. "$SKIFF_SOURCES/tests/golden/format/prepare"
shown() { echo "$*: $(skiff ps -a --format '{{.Names}}' "$@" | tr '\n' ' ')"; }
shown
shown --filter name=e
shown --filter name='^we' --filter name=api
shown --filter name='^/web$'
shown --filter label=tier
shown --filter label=tier=back
shown --filter label=tier --filter label=tier=front
shown --filter label!=tier
shown --filter label=empty=
shown --filter status=created
shown --filter status=exited
shown --filter status=exited --filter status=created
shown --filter ancestor=shop/web
shown --filter ancestor=hello-world --filter ancestor=shop/api:1.2
shown --filter ancestor=nosuch
shown --filter before=web
shown --filter since=api
shown --filter since=api --filter before=hello
shown --filter volume=/usr
shown --filter volume=/data
shown --filter network=none
shown --filter network=bridge
shown --filter health=none
shown --filter health=healthy
shown --filter is-task=true
shown --filter is-task=false
shown --filter exited=0
shown --filter id="$(skiff inspect -f '{{slice .ID 0 20}}' web)" | settled | sed 's/id=[0-9a-f]*/id=<part>/'
shown --filter expose=80
shown --filter publish=80
shown -n 1
shown -n 2
shown -l
shown -l --filter name=api
