"""Which parcels are asked about at which carrier's, when, and what was answered."""
