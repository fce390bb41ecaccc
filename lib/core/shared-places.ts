/** One request that wants a place among those that several processes count together. Plain data. */
export interface PlaceQuestion {
  /** What is counted: nodes with the same one share their counts. */
  readonly limit: string;
  readonly value: string;
  /** Most places. */
  readonly max: number;
}

/** A place that is taken. It is given back once. */
export interface Place {
  ended(): void;
}

/** Where processes count requests under way together: the workers of an instance. */
export interface SharedPlaces {
  /** A place, null where none is left, undefined where nobody can say. */
  enter(question: PlaceQuestion): Promise<Place | null | undefined>;
}
