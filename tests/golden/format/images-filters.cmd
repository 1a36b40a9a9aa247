. "$SKIFF_SOURCES/tests/golden/format/prepare"
skiff import empty.tar >id
shown() { echo "$*: $(skiff images --format '{{.Repository}}:{{.Tag}}' "$@" | sort | tr '\n' ' ')"; }
shown
shown --filter reference='shop/*'
shown --filter reference='*/web' --filter reference='*:1.2'
shown --filter reference=shop/api:1.2
shown shop/web --filter reference='shop/*'
shown --filter dangling=true
shown --filter dangling=false
shown --filter label=tier
shown --filter label=tier=front
shown --filter label!=tier
shown --filter before=shop/web
shown --filter since=shop/web
shown --filter until=1h
shown --filter until=2099-01-01
for options in '--filter bogus=1' '--filter dangling=x' '--filter before=nosuch' '--filter until=x' '--filter until=2026-13-01' \
    '--format {{.Bogus}}' '--format table{{.Bogus}}' '--format {{.ID'; do
    echo "$options"
    skiff images $options 2>&1
done
