. "$SKIFF_SOURCES/tests/golden/format/prepare"
skiff ps -a --format json | settled
skiff ps -a --filter name=web --format '{{json .Command}}'
