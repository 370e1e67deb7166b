"""What a call cost: by what its provider says, by prices of your own, or by list price. An unknown price is no price.

price   the order in which a price is looked for      own    prices of your own, from settings
listed  list prices of models, from `genai-prices`    counts what of a call is paid for, counted
"""
