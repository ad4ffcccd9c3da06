"""Settings: loaded, validated and explained."""
