. "$SKIFF_SOURCES/tests/golden/lifecycle/prepare"
for verb in start stop restart kill pause unpause wait rm top attach; do try $verb nosuch; done
try exec nosuch true
try rename nosuch other
try container exists nosuch
try container exists web
try rm -f nosuch
try rm -i nosuch
try stop -i nosuch
try wait --ignore nosuch web
