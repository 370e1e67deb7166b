"""Session to Judgement: one evaluator a file, listed in `registry`. Pure: nothing here knows a clock or a store."""
