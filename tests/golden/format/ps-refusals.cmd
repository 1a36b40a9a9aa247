. "$SKIFF_SOURCES/tests/golden/format/prepare"
for options in '--filter bogus=1' '--filter status=bogus' '--filter health=bogus' '--filter exited=x' \
    '--filter is-task=maybe' '--filter expose=x' '--filter before=nosuch' '--format {{.Bogus}}' '--format {{.ID' \
    '--format table{{.Bogus}}' '--format {{index' '--filter x' '--last x'; do
    echo "$options"
    skiff ps $options 2>&1 | sed '/^$/,$d'
done
skiff ps -q --format '{{.Names}}' -a --filter name=web 2>&1 | settled
