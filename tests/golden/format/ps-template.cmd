. "$SKIFF_SOURCES/tests/golden/format/prepare"
skiff ps -a --format '{{.ID}}|{{.Image}}|{{.Command}}|{{.RunningFor}}|{{.Size}}|{{.Labels}}|{{.Mounts}}|{{.Networks}}|{{.LocalVolumes}}|{{.State}}|{{.CreatedAt}}' | settled
skiff ps -a --format '{{upper .Names}}{{if .Labels}} has {{.Labels}}{{end}}\n-'
skiff ps -aq | settled
skiff ps -aq --no-trunc | settled
