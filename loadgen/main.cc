// jumpload: the load generator of jumpgate. Dispatches to its commands.
#include <cstdio>
#include <cstring>

#include "loadgen/broker_command.h"

int main(int argc, char** argv) {
    if (argc >= 2 && std::strcmp(argv[1], "broker") == 0) {
        return jumpgate::broker_command(argc - 2, argv + 2);
    }
    std::fputs("jumpload: the first argument must be a command; allowed: broker\n", stderr);
    return 2;
}
