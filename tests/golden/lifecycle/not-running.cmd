. "$SKIFF_SOURCES/tests/golden/lifecycle/prepare"
for verb in kill pause unpause top attach stop wait; do try $verb web; done
try exec web true
for verb in kill pause unpause stop; do try $verb --all; done
