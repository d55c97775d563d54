"""What the library costs beside a named peer, both measured in one run: ``make bench``."""
