"""The desk: carries people's votes to settle and shows what they vote on. It decides nothing and signs nothing."""
