-- Form 5, when the tables fit their definitions. The columns of workflows come by themselves.

-- Nothing asked before whether a step can be bypassed, and each was made with "no".
UPDATE "sdkmessageprocessingstep" SET "canbebypassed" = 1;
