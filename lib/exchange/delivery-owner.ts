/** What became of a delivery. One of these is told, once, and may end the delivery from inside the call. */
export interface DeliveryOwner {
  /** The reply was passed on whole. `keepAlive`: the client's connection can carry another request. */
  onDelivered(status: number, keepAlive: boolean): void;
  /** A reply with this status could be passed on now; true: the request goes another way instead, and the delivery was left. */
  goesOn(status: number): boolean;
  /** No server has replied, for the last reason. */
  onUndelivered(fault: number): void;
  /** A server's reply broke off after its head was passed on. */
  onCut(status: number): void;
  /** The server agrees to upgrade; `delivery.handOver` gives its connection away. */
  onUpgraded(): void;
}
