"""The live heatmap: draw a box over what looks odd, read what sets its events apart."""
