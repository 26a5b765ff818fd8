"""The pure parts of classifying: from JSON to places, from places to masks, from SQL to facts."""
