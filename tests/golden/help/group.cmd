skiff container --help | sed -n 1,3p; skiff container | sed -n 1p; skiff container -h | sed -n 1p
