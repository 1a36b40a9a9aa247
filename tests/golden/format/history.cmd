. "$SKIFF_SOURCES/tests/golden/format/prepare"
skiff history shop/web | settled | sed 's/  */ /g'
skiff history --human=false shop/web | settled | sed 's/  */ /g'
skiff history --format '{{.ID}} {{.Size}} {{.Comment}}' shop/web | settled
skiff history --format json shop/web | settled
skiff history -q --no-trunc shop/web | settled
