. "$SKIFF_SOURCES/tests/golden/format/prepare"
i() { skiff inspect "$@" 2>&1 | settled; }
i --format '{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}' web
i --format '{{.State.Running}} {{.State.Pid}} {{.State.StartedAt}} {{.Name}}' web
i --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' web
i --format '{{range $k, $v := .NetworkSettings.Networks}}{{$k}}={{$v.IPAddress}};{{end}}' web api
i --format '{{json .HostConfig.PortBindings}} {{json .NetworkSettings.Ports}}' web
i --format '{{json .HostConfig.Resources}}' web
i --format '{{.Nope}}' web
i --format '{{.State.Status' web
i --format '{{range $k, $v := .Config.Labels}}{{$k}}={{$v | printf "%q"}};{{else}}none{{end}} {{len .Mounts}} {{index .Config.Env 0}} {{if eq .State.Status "running"}}up{{end}} {{upper .Name}} {{join .Config.Cmd " "}} {{slice .Id 0 4}} {{println "x"}}' web
i --format '{{range $k, $v := .Config.Labels}}{{$k}}={{$v | printf "%q"}};{{else}}none{{end}} {{len .Mounts}} {{index .Config.Env 0}} {{join .Config.Cmd " "}} {{len (slice .ID 0 4)}}' web
i --format '{{range .Mounts}}{{.Type}} {{.Source}}:{{.Destination}} {{.RW}}{{end}}' web
i --format '{{.State}} {{.Config.Env}} {{.Config.Labels}} {{.HostConfig.RestartPolicy}}' web
i --format '{{if .State.Health}}{{.State.Health.Status}}{{else}}no health{{end}}' web
i --format '{{json .State}}' web
i -s --format '{{.SizeRw}} {{.SizeRootFs}}' web
i --format '{{.RepoTags}} {{.Config.Labels.tier}} {{.Architecture}}' --type image shop/api:1.2
i nosuch
i -f '{{.Id}}' nosuch
i --type image web
i --type bogus web
i -f json web | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["Name"])'
