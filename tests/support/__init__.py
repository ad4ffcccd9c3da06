"""What tests share: fakes, scenes, contracts, auditors and real processes, in a folder for each part that they serve."""
