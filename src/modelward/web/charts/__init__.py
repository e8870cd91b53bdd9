"""Small charts as inline SVG: pure functions from numbers to markup, one chart a file.

Every chart is as wide as its place and keeps its text crisp at any width: positions along x are percentages, and only
lines live in a stretched inner box. The style sheet leaves a margin around the plot, into which the labels reach. No
chart has a style attribute (the page's policy forbids them): looks come from classes. Reference is grey, current is the
accent, thresholds are dashed, incidents are marks on the time axis.
"""
