. "$SKIFF_SOURCES/tests/golden/format/prepare"
skiff images | settled | sed 's/  */ /g'
skiff images --digests --no-trunc | settled | sed 's/  */ /g'
skiff images --format '{{.Repository}}:{{.Tag}} {{.Size}} {{.Containers}} {{.Digest}}' | settled
skiff images --format 'table {{.Repository}}\t{{.Tag}}\t{{.CreatedAt}}' | settled
skiff images --format json | settled
skiff images -q --format '{{.Repository}}'
skiff images -a --format 'table {{.Repository}}\t{{.Tag}}\t{{.ID}}' --filter reference='h*'
