skiff container nosuch
