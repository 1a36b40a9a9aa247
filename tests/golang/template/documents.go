// SPDX-License-Identifier: Apache-2.0

package main

const general = `{"s":"hello","e":"","n":null,"t":true,"f":false,"i":42,"neg":-7,"d":3.14,"big":1e21,"small":1e-7,"z":0,` +
	`"l":["a","b","c"],"nums":[1,2.5,-3],"mixed":["x",1,true,null,["y"],{"k":"v"}],"el":[],"m":{"b":"2","a":"1"},"em":{},` +
	`"nested":{"x":{"y":{"z":"deep"}}},"html":"<a href=\"x\">'&'</a>","uni":"héllo wörld ☃ 日本 😀",` +
	`"ctl":"tab\tnl\nbell\u0007nul\u0000del\u007f\u2028\u00a0","dash-key":"dk","é":"accent","_u":"under","A1":"mixedcase",` +
	`"rows":[{"k":"r1","v":1},{"k":"r2","v":2}],"hundred":100,"million":1000000,"tenth":0.1,"query":"a b&c=d/é?~-_."}`

const container = `{"Id":"c141fea36b6e9a5db0fe8692b0035fe45c2e750b3bd33a8e0dfde477c07cf033","Name":"/web","RestartCount":0,` +
	`"State":{"Status":"running","ExitCode":0,"Pid":4711,"Running":true,"Health":null},` +
	`"Config":{"Env":["PATH=/usr/bin:/bin","HOME=/root"],"Cmd":["httpd","-f","-p","80"],"Labels":{"tier":"front","a":"b"},"Entrypoint":null,"Image":"busybox"},` +
	`"NetworkSettings":{"Ports":{"80/tcp":[{"HostIp":"127.0.0.1","HostPort":"18080"}],"9999/tcp":null},` +
	`"Networks":{"bridge":{"IPAddress":"172.17.0.2","Gateway":"172.17.0.1"},"other":{"IPAddress":"10.0.0.3","Gateway":""}}},` +
	`"HostConfig":{"PortBindings":{"80/tcp":[{"HostIp":"127.0.0.1","HostPort":"18080"}],"9999/tcp":[{"HostIp":"","HostPort":""}]},` +
	`"Resources":{"CpuShares":0,"Memory":67108864,"NanoCpus":500000000,"Ulimits":[{"Name":"nofile","Hard":1024,"Soft":1024}],"PidsLimit":null},` +
	`"Memory":67108864,"Binds":["/a:/b","/c:/d:ro"]},"Mounts":[{"Type":"bind","Source":"/a","Destination":"/b"},{"Type":"volume","Name":"data","Destination":"/d"}],` +
	`"SizeRw":3,"SizeRootFs":1984216,"Ratio":1.5}`

const columns = `{"ID":"c141fea36b6e","Image":"busybox","Command":"\"httpd -f -p 80\"","CreatedAt":"2026-11-22 03:27:58 +0000 UTC","RunningFor":"9 seconds ago",` +
	`"Ports":"127.0.0.1:18080->80/tcp","State":"running","Status":"Up 8 seconds","Size":"0B (virtual 1.98MB)","Names":"web","Labels":"tier=front","Mounts":"data",` +
	`"Networks":"bridge","LocalVolumes":"1","Name":"web","CPUPerc":"0.00%","MemUsage":"316KiB / 64MiB","Repository":"busybox","Tag":"latest","CreatedSince":"About a minute ago"}`
