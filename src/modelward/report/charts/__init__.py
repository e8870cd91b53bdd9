"""The charts that reports and the dashboard share, as inline SVG: pure functions from numbers to markup.

Every chart is as wide as its place and keeps its text crisp at any width: positions along x are percentages, and only
lines live in a stretched inner box. No chart has a style attribute: looks come from classes. Reference is grey, current
is the accent, thresholds are dashed.
"""
