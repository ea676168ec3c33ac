"""How they got in and what they took: logs of many hosts become events, detections, a chain and bounds."""
