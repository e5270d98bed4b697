"""Real servers, real clients and the real binary, each in a temporary folder and on ports of its own."""
