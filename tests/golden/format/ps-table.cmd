. "$SKIFF_SOURCES/tests/golden/format/prepare"
skiff ps -a | settled | sed 's/  */ /g'
skiff ps
skiff ps -a --format 'table {{.Names}}\t{{.Status}}\t{{.Ports}}'
skiff ps -a --format 'table {{.Names}}\t{{.Command}}\t{{.Label "tier"}}\t{{.Mounts}}'
skiff ps -as --no-trunc --format table | settled | sed 's/  */ /g'
