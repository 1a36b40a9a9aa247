skiff version -f '{{.Client.Version}} {{.Server.Version}} {{.Server.Os}} {{.Client.Context}}'
skiff version -f '{{range .Server.Components}}{{.Name}}={{.Version}} {{end}}'
skiff version --format '{{.Nope}}'
