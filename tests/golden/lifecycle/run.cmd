. "$SKIFF_SOURCES/tests/golden/lifecycle/prepare"
try run -a bogus hello-world
try run -d -a stdout hello-world
try create --replace hello-world
try create --init-path init hello-world
try create --init-path /nosuch hello-world
try create --name web hello-world
try create --name web --replace hello-world
