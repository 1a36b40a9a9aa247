: >"$SKIFF_CONFIG"
skiff info -f '{{.Containers}} {{.Images}} {{.Driver}} {{.ServerVersion}} {{.OSType}} {{.LoggingDriver}}'
skiff info -f '{{range .SecurityOptions}}{{println .}}{{end}}' | head -n 1
skiff info -f '{{json .Plugins}}'
skiff info -f '{{.Nope}}'
