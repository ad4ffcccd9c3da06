"""Signs what one process decides and another acts on (Ed25519): only the signer can sign, whoever acts can verify."""
