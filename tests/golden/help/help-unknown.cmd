skiff help nosuch
