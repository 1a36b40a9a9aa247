. "$SKIFF_SOURCES/tests/golden/format/prepare"
skiff image inspect shop/api:1.2 | settled | sed 's/"Architecture": ".*"/"Architecture": "<ours>"/'
skiff image inspect -f '{{.Id}} {{.RootFS.Type}} {{join .RepoTags ","}} {{json .Config.Cmd}}' shop/web | settled
