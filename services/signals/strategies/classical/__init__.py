"""Classical strategies by indicators: what the ICT strategies are compared with (SIG-4). One file a strategy."""
