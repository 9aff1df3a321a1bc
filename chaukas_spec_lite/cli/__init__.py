"""The program ``chaukas-lite``: a file per command, and the rooms they share. Needs the extra ``cli``."""
