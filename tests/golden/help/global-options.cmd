skiff --help | sed -n "/^Global Options/,/^Run/p"
