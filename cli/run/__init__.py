"""Commands that start a process: services and the simulator, from configuration to drain."""
