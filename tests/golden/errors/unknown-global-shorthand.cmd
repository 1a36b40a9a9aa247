skiff -x version
