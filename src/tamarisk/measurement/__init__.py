"""The rulers: what an assay sees, on real and virtual plates alike."""
