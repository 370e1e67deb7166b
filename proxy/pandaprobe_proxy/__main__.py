"""`python -m pandaprobe_proxy` is the command line."""

from pandaprobe_proxy.cli import main

main()
